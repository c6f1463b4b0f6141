"""python -m services.support serve | work | migrate | config"""

from chassis.process import main
from services.support.app import SERVICE

if __name__ == "__main__":
    main(SERVICE)
