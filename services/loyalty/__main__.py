"""python -m services.loyalty serve | work | migrate | config"""

from chassis.process import main
from services.loyalty.app import SERVICE

if __name__ == "__main__":
    main(SERVICE)
