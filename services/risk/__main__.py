"""python -m services.risk serve | work | migrate | config"""

from chassis.process import main
from services.risk.app import SERVICE

if __name__ == "__main__":
    main(SERVICE)
